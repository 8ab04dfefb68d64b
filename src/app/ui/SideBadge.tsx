import type { Side } from '../store/state';
import styles from './ui.module.css';

/** Which of two runs: A is hollow, B is full, as beside the names on the lanes. */
export function SideBadge({ side, name }: { readonly side: Side; readonly name?: string }) {
  return (
    <span className={styles.side}>
      <span className={styles.badge} data-side={side}>
        {side === 0 ? 'A' : 'B'}
      </span>
      {name !== undefined && <code>{name}</code>}
    </span>
  );
}
