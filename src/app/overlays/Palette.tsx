import { Autocomplete } from '@base-ui/react/autocomplete';
import { useMemo, useState } from 'react';
import { runCommand } from '../registry';
import { closeDialog } from '../store/page';
import { useApp } from '../use-app';
import { allCommands, paletteGroups, type PaletteGroup, type PaletteItem } from './palette-items';
import styles from './palette.module.css';

/** Everything that can be done, by a few letters of its name. */
export function Palette() {
  const [query, setQuery] = useState('');
  // Other texts and captures may come while it is open.
  const texts = useApp((s) => s.allTexts);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- made again when more is there
  const all = useMemo(() => allCommands(), [texts]);
  const groups = useMemo(() => paletteGroups(all, query), [all, query]);
  const count = groups.reduce((n, g) => n + g.items.length, 0);
  return (
    <Autocomplete.Root
      open
      inline
      items={groups}
      filter={null}
      itemToStringValue={(item: PaletteItem) => item.command.title}
      value={query}
      onValueChange={(value, { reason }) => reason === 'input-change' && setQuery(value)}
      autoHighlight="always"
      keepHighlight
    >
      <Autocomplete.Input
        autoFocus
        className={styles.input}
        aria-label="Search commands"
        placeholder="A command, a litmus test, a kernel, a capture, a CPU, or the number of a step"
        spellCheck={false}
      />
      <Autocomplete.Empty>
        <p className={styles.empty}>{count === 0 ? 'Nothing is called so.' : ''}</p>
      </Autocomplete.Empty>
      <Autocomplete.List className={styles.list}>
        {(group: PaletteGroup) => (
          <Autocomplete.Group key={group.title} items={group.items}>
            <Autocomplete.GroupLabel className={styles.group}>{group.title}</Autocomplete.GroupLabel>
            <Autocomplete.Collection>
              {(item: PaletteItem) => (
                <Autocomplete.Item
                  key={item.command.id}
                  value={item}
                  className={styles.item}
                  disabled={item.reason !== ''}
                  onClick={() => {
                    closeDialog();
                    runCommand(item.command.id);
                  }}
                >
                  <span className={styles.label}>
                    {item.command.title}
                    {(item.reason || item.command.about) && (
                      <span className={styles.about}>{item.reason || item.command.about}</span>
                    )}
                  </span>
                  {item.key !== '' && <kbd className={styles.key}>{item.key}</kbd>}
                </Autocomplete.Item>
              )}
            </Autocomplete.Collection>
          </Autocomplete.Group>
        )}
      </Autocomplete.List>
    </Autocomplete.Root>
  );
}
