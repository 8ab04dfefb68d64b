import { sourcesOf, STANDING } from '../inspect/sources';
import { openDialog } from '../store/page';
import type { RunView } from '../store/run-view';
import { useApp } from '../use-app';
import styles from './source.module.css';

/** What the outcome rests on: how many functions, and how many of them nobody has read. */
export function Basis() {
  const run = useApp((s) => (s.showing === 'run' ? s.run : null));
  return run && <RestsOn run={run} />;
}

/** The same of the second of two runs; its functions are told where it is opened alone. */
export function BasisBeside() {
  const run = useApp((s) => s.beside?.run ?? null);
  return run && <RestsOn run={run} />;
}

function RestsOn({ run }: { readonly run: RunView }) {
  const own = useApp((s) => s.run === run);
  const sources = sourcesOf(run);
  const count = (standing: 'inferred' | 'unknown'): string => {
    const n = sources.filter((s) => s.standing === standing).length;
    return n === 0 ? '' : `, ${n} ${STANDING[standing].word} ${STANDING[standing].sign}`;
  };
  const text = `rests on ${sources.length} functions${count('inferred')}${count('unknown')}`;
  if (!own) return <span className={styles.rests}>{text}</span>;
  return (
    <button type="button" className={styles.basis} title="What this run rests on" onClick={() => openDialog('sources')}>
      {text}
    </button>
  );
}
