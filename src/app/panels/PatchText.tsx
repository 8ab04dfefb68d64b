import { useMemo } from 'react';
import { loadKernel } from '../../kernels/index';
import { patchOf, type Hunk } from '../inspect/kernel-text';
import { messagesOf } from '../inspect/sources';
import { runOf } from '../store/state';
import { useApp } from '../use-app';
import { Line } from './KernelText';
import { Out } from './Source';
import styles from './kernel-text.module.css';

const WORD = { '-': 'taken away: ', '+': 'added: ', ' ': '' } as const;

/** What a design, or a release, changes of the kernel that it is a patch over. */
export default function PatchText() {
  const run = useApp((s) => runOf(s) ?? s.run);
  const kernel = run?.program.kernel ?? '';
  const patch = useMemo(
    () =>
      patchOf(kernel, (name) => {
        const loaded = loadKernel(name);
        return loaded.ok ? loaded.kernel : null;
      }),
    [kernel],
  );
  if (!run || !patch) return <p className={styles.about}>{kernel} is no patch over another kernel.</p>;
  const messages = messagesOf(run.program);
  return (
    <div className={styles.text} tabIndex={0} role="group" aria-label={`What ${kernel} changes`} data-scrolls>
      <p className={styles.about}>
        <b>{patch.title}</b>, over <code>{patch.over}</code>
        {patch.parts !== '' && `, ${patch.parts}`}.
      </p>
      {messages.length > 0 && (
        <p className={styles.about}>
          Proposed in{' '}
          {messages.map((m, i) => (
            <span key={m.url}>
              {i > 0 && ', '}
              <Out {...m} />
            </span>
          ))}
          .
        </p>
      )}
      {patch.about.length > 0 && <p className={styles.about}>{patch.about.join(' ')}</p>}
      {patch.hunks.length === 0 && <p className={styles.about}>Its own text changes no line.</p>}
      {patch.hunks.map((hunk, i) => (
        <Changed key={i} hunk={hunk} />
      ))}
    </div>
  );
}

function Changed({ hunk }: { readonly hunk: Hunk }) {
  return (
    <section aria-label={hunk.name} className={styles.hunk}>
      <ol className={styles.lines}>
        {hunk.lines.map(({ sign, text }, i) => (
          <li key={i} data-sign={sign}>
            <span className={styles.number} aria-hidden="true">
              {sign}
            </span>
            <span className="visually-hidden">{WORD[sign]}</span>
            <Line text={text} />
          </li>
        ))}
      </ol>
    </section>
  );
}
