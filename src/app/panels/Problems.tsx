import { useApp } from '../use-app';
import { goToSpot } from '../editor/handle';
import { shortFile } from '../inspect/kernel-text';
import styles from './text.module.css';

/** What is wrong with the text, where, and what to do about it. */
export function Problems() {
  const problems = useApp((s) => s.problems);
  return (
    <div className={styles.problems} role="status" aria-label="Problems of the text">
      {problems.length > 0 && (
        <ul>
          {problems.map((p, i) => (
            <li key={i}>
              <button type="button" onClick={() => goToSpot(p)}>
                {p.file === 'litmus' ? '' : `${shortFile(p.file)}, `}line {p.line}, column {p.column}
              </button>
              <span>{p.message}</span>
              {p.suggestion !== '' && <span className={styles.suggestion}>{p.suggestion}</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
