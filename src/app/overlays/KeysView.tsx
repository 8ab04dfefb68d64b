import { useState, type KeyboardEvent } from 'react';
import { commandFor, commandList, keysOf, keyText, type Command } from '../registry';
import { keyOf } from '../keys';
import { resetKeys, setKeys } from '../store/keys';
import { useApp } from '../use-app';
import ui from '../ui/ui.module.css';
import { fuzzy } from './fuzzy';
import styles from './keys.module.css';

/** Keys that a command cannot have: they are what one gets out of things with. */
const OWN: ReadonlySet<string> = new Set(['Tab', 'Shift+Tab', 'Escape', 'Enter']);

/** Every command with its keys; a key is changed by pressing the new one. */
export function KeysView() {
  const [filter, setFilter] = useState('');
  const [wanted, setWanted] = useState<string | null>(null);
  const changed = useApp((s) => s.keys);
  const list = commandList().filter(
    (c) => fuzzy(filter, `${c.title} ${c.group}`, keysOf(c).map(keyText).join(' ')) > 0,
  );
  return (
    <div className={styles.keys}>
      <p className={styles.about}>
        Choose “Change”, then press the new key. It is kept with your work. Escape leaves a key as it is.
      </p>
      <div className={styles.bar}>
        <input
          type="search"
          className={styles.filter}
          value={filter}
          placeholder="Find a command or a key"
          aria-label="Find a command or a key"
          onChange={(event) => setFilter(event.target.value)}
        />
        <button
          type="button"
          className={`${ui.button} ${ui.plain}`}
          disabled={Object.keys(changed).length === 0}
          onClick={() => resetKeys()}
        >
          Reset all
        </button>
      </div>
      <ul>
        {list.map((command) => (
          <Row
            key={command.id}
            command={command}
            listens={wanted === command.id}
            own={changed[command.id] !== undefined}
            listen={(on) => setWanted(on ? command.id : null)}
          />
        ))}
      </ul>
      {list.length === 0 && <p>No command and no key is called so.</p>}
    </div>
  );
}

interface Props {
  readonly command: Command;
  /** It waits for its new key. */
  readonly listens: boolean;
  readonly own: boolean;
  readonly listen: (on: boolean) => void;
}

function Row({ command, listens, own, listen }: Props) {
  const [clash, setClash] = useState<{ key: string; with: Command } | null>(null);
  const keys = keysOf(command);
  const press = (event: KeyboardEvent): void => {
    if (!listens) return;
    const key = keyOf(event.nativeEvent);
    if (/^(Mod\+|Alt\+|Shift\+)*(Control|Meta|Shift|Alt)$/.test(key) || key === 'Tab' || key === 'Shift+Tab') return;
    event.preventDefault();
    event.stopPropagation();
    if (OWN.has(key)) {
      listen(false);
      return;
    }
    const other = commandFor(key);
    if (other && other.id !== command.id) setClash({ key, with: other });
    else {
      setKeys(command, [key]);
      setClash(null);
    }
    listen(false);
  };
  return (
    <li>
      <span className={styles.title}>
        {command.title}
        <span className={styles.group}>{command.group}</span>
      </span>
      <span className={styles.now}>
        {keys.length === 0 ? <span className={styles.none}>no key</span> : null}
        {keys.map((key) => (
          <kbd key={key}>{keyText(key)}</kbd>
        ))}
      </span>
      <span className={styles.actions}>
        {own && (
          <button type="button" className={`${ui.button} ${ui.plain}`} onClick={() => resetKeys(command)}>
            Reset<span className="visually-hidden">: {command.title}</span>
          </button>
        )}
        <button
          type="button"
          className={`${ui.button} ${ui.plain}`}
          aria-pressed={listens}
          onClick={() => {
            setClash(null);
            listen(!listens);
          }}
          onKeyDown={press}
          onBlur={() => listen(false)}
        >
          {listens ? 'Press a key …' : 'Change'}
          <span className="visually-hidden">: {command.title}</span>
        </button>
      </span>
      {clash && (
        <span className={styles.clash} role="alert">
          {keyText(clash.key)} is the key of “{clash.with.title}”.{' '}
          <button
            type="button"
            className={`${ui.button} ${ui.plain}`}
            onClick={() => {
              setKeys(
                clash.with,
                keysOf(clash.with).filter((k) => k !== clash.key),
              );
              setKeys(command, [clash.key]);
              setClash(null);
            }}
          >
            Take it from there
          </button>
        </span>
      )}
    </li>
  );
}
