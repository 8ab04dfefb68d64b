import type { ReactNode } from 'react';
import ui from '../ui/ui.module.css';
import styles from './outcomes.module.css';

interface Props {
  readonly what: string;
  readonly running: boolean;
  readonly done: number;
  readonly of: number;
  readonly error: string;
  readonly start: () => void;
  readonly stop: () => void;
  readonly children?: ReactNode;
}

/** How far a long piece of work is, with a way out and a way on. */
export function Progress({ what, running, done, of, error, start, stop, children }: Props) {
  const count = of === 0 ? '' : `${done.toLocaleString('en')} of ${of.toLocaleString('en')} ${what}`;
  return (
    <div className={styles.progress}>
      {children}
      <span role="status">
        {error !== '' ? `It stopped: ${error}` : running ? 'Running: ' : done < of ? 'Stopped: ' : ''}
        {count}
      </span>
      {(running || done < of) && <progress max={Math.max(1, of)} value={done} aria-label={`Progress, ${what}`} />}
      {running ? (
        <button type="button" className={`${ui.button} ${ui.plain}`} onClick={stop}>
          Stop
        </button>
      ) : (
        done < of && (
          <button type="button" className={`${ui.button} ${ui.plain}`} onClick={start}>
            Go on
          </button>
        )
      )}
    </div>
  );
}
