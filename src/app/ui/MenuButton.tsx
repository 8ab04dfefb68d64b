import type { ReactNode } from 'react';
import type { MenuName } from '../store/state';
import { closeMenu, openMenu } from '../store/page';
import { useApp } from '../use-app';
import { Icon } from './Icon';
import styles from './ui.module.css';

interface Props {
  readonly menu: MenuName;
  readonly label: string;
  readonly children: ReactNode;
  readonly className?: string | undefined;
  readonly disabled?: boolean;
}

/** A button that opens a menu. The menu itself is loaded when it is first wanted. */
export function MenuButton({ menu, label, children, className, disabled }: Props) {
  const open = useApp((s) => s.menu?.name === menu);
  return (
    <button
      type="button"
      className={[styles.button, styles.plain, styles.menu, className].filter(Boolean).join(' ')}
      data-menu={menu}
      aria-haspopup="menu"
      aria-expanded={open}
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={(event) => (open ? closeMenu() : openMenu({ name: menu, anchor: event.currentTarget }))}
    >
      {children}
      <Icon name="down" size={12} />
    </button>
  );
}
