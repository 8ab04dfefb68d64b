import { Menu } from '@base-ui/react/menu';
import { useEffect, useState } from 'react';
import { keyText } from '../commands';
import { closeMenu } from '../store/page';
import type { OpenMenu } from '../store/state';
import { get } from '../store/store';
import { captures, type GalleryEntry } from '../store/traces';
import { Icon } from '../ui/Icon';
import { useApp } from '../use-app';
import { groupsOf, menuTitle, type MenuGroup, type MenuItem } from './menus';
import styles from './overlays.module.css';

const rectOf = (anchor: OpenMenu['anchor']) =>
  anchor instanceof Element ? anchor : { getBoundingClientRect: () => new DOMRect(anchor.x, anchor.y, 0, 0) };

/** All menus of the page are this one, with another content at another place. */
export default function MenuHost() {
  const open = useApp((s) => s.menu);
  // What is being closed stays what it is until it is gone.
  const [menu, setMenu] = useState(open);
  if (open !== null && open !== menu) setMenu(open);
  useApp((s) => s.allTexts);
  const [list, setList] = useState<readonly GalleryEntry[] | null>(null);
  const wantsCaptures = menu?.name === 'open' || menu?.name === 'scenario';
  useEffect(() => {
    if (!wantsCaptures || list !== null) return;
    captures().then(setList, () => setList([]));
  }, [wantsCaptures, list]);
  return (
    <Menu.Root
      open={open !== null}
      modal={false}
      onOpenChange={(opens, details) => {
        if (opens) return;
        // The button that opened it closes it by its own click.
        const { target } = details.event;
        if (menu?.anchor instanceof Element && target instanceof Node && menu.anchor.contains(target)) return;
        closeMenu();
      }}
    >
      <Menu.Portal>
        {menu && (
          <Menu.Positioner
            className={styles.positioner}
            anchor={rectOf(menu.anchor)}
            side="bottom"
            align="start"
            sideOffset={4}
            collisionPadding={8}
          >
            <Menu.Popup
              className={styles.menu}
              aria-label={menuTitle[menu.name]}
              finalFocus={() => (menu.anchor instanceof HTMLElement ? menu.anchor : null)}
            >
              <Groups groups={groupsOf(menu, get(), list)} />
            </Menu.Popup>
          </Menu.Positioner>
        )}
      </Menu.Portal>
    </Menu.Root>
  );
}

function Groups({ groups }: { readonly groups: readonly MenuGroup[] }) {
  return groups.map((group) => (
    <Menu.Group key={group.title} className={styles.group}>
      <Menu.GroupLabel className={styles.groupTitle}>{group.title}</Menu.GroupLabel>
      {group.items.map((item) =>
        item.sub ? <Sub key={item.label} item={item} groups={item.sub} /> : <Entry key={item.label} item={item} />,
      )}
    </Menu.Group>
  ));
}

/** An entry that opens a menu of its own. */
function Sub({ item, groups }: { readonly item: MenuItem; readonly groups: readonly MenuGroup[] }) {
  return (
    <Menu.SubmenuRoot>
      <Menu.SubmenuTrigger className={styles.item}>
        <span className={styles.check} />
        <span className={styles.label}>{item.mono ? <code>{item.label}</code> : item.label}</span>
        <span className={styles.more}>
          <Icon name="down" size={12} />
        </span>
      </Menu.SubmenuTrigger>
      <Menu.Portal>
        <Menu.Positioner className={styles.positioner} sideOffset={-4} alignOffset={-6} collisionPadding={8}>
          <Menu.Popup className={styles.menu} aria-label={item.label}>
            <Groups groups={groups} />
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.SubmenuRoot>
  );
}

function Entry({ item }: { readonly item: MenuItem }) {
  return (
    <Menu.Item className={styles.item} disabled={item.disabled ?? false} onClick={() => item.run()}>
      <span className={styles.check}>
        {item.checked && (
          <>
            <Icon name="check" size={14} />
            <span className="visually-hidden">current: </span>
          </>
        )}
      </span>
      <span className={styles.label}>
        {item.mono ? <code>{item.label}</code> : item.label}
        {item.about !== undefined && item.about !== '' && <span className={styles.about}>{item.about}</span>}
      </span>
      {item.key !== undefined && <kbd className={styles.key}>{keyText(item.key)}</kbd>}
    </Menu.Item>
  );
}
