import { useMemo, useState } from 'react';
import { namesOf } from '../../language/names';
import { changingNames } from '../inspect/pins';
import { valueAt } from '../inspect/value-at';
import { togglePin } from '../store/reading';
import { runOf, stepsDone } from '../store/state';
import { useApp } from '../use-app';
import styles from './reading.module.css';

/** "vmxon[4]" is an element of vmxon. */
const base = (name: string): string => name.replace(/\[.*$/, '');

/** The variables that change, each with its value now; one that is ticked is a row of the lanes. */
export function ValuesPanel() {
  const run = useApp((s) => runOf(s) ?? (s.showing === 'run' ? s.run : null));
  const counters = useApp((s) => (s.showing === 'trace' ? s.trace?.timeline.counters.names : undefined));
  const pins = useApp((s) => s.reading.pins);
  const done = useApp((s) => stepsDone(s));
  const playing = useApp((s) => s.playing);
  const [filter, setFilter] = useState('');
  const names = useMemo(() => (run ? changingNames(run) : (counters ?? [])), [run, counters]);
  const words = filter.toLowerCase();
  const shown = [...pins.filter((p) => !names.includes(p)), ...names].filter((n) => n.toLowerCase().includes(words));
  return (
    <div className={styles.body}>
      <div className={styles.bar}>
        <input
          type="search"
          className={styles.input}
          placeholder="variable or lock …"
          aria-label="Filter the variables"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
        <p className={styles.count}>
          {pins.length === 0 ? 'Tick a variable to see it over time, below the lanes.' : `${pins.length} on the lanes`}
        </p>
      </div>
      {names.length === 0 && (
        <p className={styles.empty}>
          {counters ? 'This trace brings no counters.' : 'No variable changes in this run.'}
        </p>
      )}
      <ul className={styles.values} tabIndex={0} aria-label="Variables" data-scrolls>
        {shown.map((name) => (
          <li key={name}>
            <label title={run ? namesOf(run.program).variablesNamed(name)[0]?.doc || undefined : undefined}>
              <input type="checkbox" checked={pins.includes(name)} onChange={() => togglePin(name)} />
              <code>{name}</code>
              {/* Looking through all of them is for the eye at rest. */}
              <span className={styles.value}>
                {run && !playing ? (valueAt(run, base(name), done)?.text ?? 'not in this kernel') : ''}
              </span>
            </label>
          </li>
        ))}
      </ul>
    </div>
  );
}
