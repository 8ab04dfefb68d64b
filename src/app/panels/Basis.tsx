import { sourcesOf, STANDING } from '../inspect/sources';
import { openDialog } from '../store/page';
import { useApp } from '../use-app';
import styles from './source.module.css';

/** What the outcome rests on: how many functions, and how many of them nobody has read. */
export function Basis() {
  const run = useApp((s) => (s.showing === 'run' ? s.run : null));
  if (!run) return null;
  const sources = sourcesOf(run);
  const count = (standing: 'inferred' | 'unknown'): string => {
    const n = sources.filter((s) => s.standing === standing).length;
    return n === 0 ? '' : `, ${n} ${STANDING[standing].word} ${STANDING[standing].sign}`;
  };
  return (
    <button type="button" className={styles.basis} title="What this run rests on" onClick={() => openDialog('sources')}>
      rests on {sources.length} functions{count('inferred')}
      {count('unknown')}
    </button>
  );
}
