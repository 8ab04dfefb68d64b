import type { Side } from '../store/state';
import styles from './ui.module.css';

interface Props {
  readonly side: Side;
  readonly name?: string;
  /** The name is told, but not shown: there is no room for it. */
  readonly short?: boolean;
}

/** Which of two runs: A is hollow, B is full, as beside the names on the lanes. */
export function SideBadge({ side, name, short = false }: Props) {
  return (
    <span className={styles.side} title={short ? name : undefined}>
      <span className={styles.badge} data-side={side}>
        {side === 0 ? 'A' : 'B'}
      </span>
      {name !== undefined && <code className={short ? 'visually-hidden' : undefined}>{name}</code>}
    </span>
  );
}
