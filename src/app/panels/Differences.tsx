import { seek } from '../store/player';
import { placeOf } from '../store/state';
import { get } from '../store/store';
import { useApp } from '../use-app';
import { Section } from './Inspector';
import styles from './inspector.module.css';

/** More would be no list to read; the lanes mark them all. */
const MOST = 200;

/** Where two runs are not the same, in order; each entry leads there. */
export function Differences() {
  const joint = useApp((s) => s.beside?.joint ?? null);
  const playhead = useApp((s) => s.playhead);
  if (!joint || joint.differences.length === 0) return null;
  const list = joint.differences;
  const here = list.findLast((d) => placeOf(get(), d.at) <= playhead)?.at;
  return (
    <Section title={`Where they differ: ${list.length.toLocaleString('en')}`}>
      <ol className={styles.differences}>
        {list.slice(0, MOST).map((d, i) => (
          <li key={i}>
            <button
              type="button"
              data-minor={d.minor === true}
              aria-current={d.at === here ? 'step' : undefined}
              onClick={() => seek(placeOf(get(), d.at))}
            >
              {d.text}
            </button>
          </li>
        ))}
      </ol>
      {list.length > MOST && <p>… and {(list.length - MOST).toLocaleString('en')} more</p>}
    </Section>
  );
}
