import { kernelTitle } from '../../kernels/index';
import { messagesOf, sourcesOf, STANDING, type SourceView, type Standing } from '../inspect/sources';
import { Out, StandingMark } from '../panels/Source';
import { useApp } from '../use-app';
import { runCommand } from '../commands';
import { closeDialog } from '../store/page';
import styles from './overlays.module.css';

/** What was not read comes first. */
const ORDER: readonly Standing[] = ['unknown', 'inferred', 'model', 'read'];

/** Every function that the run was in, and where each was read. */
export function SourcesView() {
  const run = useApp((s) => s.run);
  if (!run) return null;
  const sources = sourcesOf(run).sort((a, b) => ORDER.indexOf(a.standing) - ORDER.indexOf(b.standing));
  const messages = messagesOf(run.program);
  const count = (standing: Standing): number => sources.filter((s) => s.standing === standing).length;
  const { kernel } = run.program;
  return (
    <>
      <p>
        <code>{kernel}</code>: {kernelTitle(kernel).replace(`${kernel}: `, '')}.{' '}
        {messages.length > 0 && (
          <>
            Proposed in{' '}
            {messages.map((m, i) => (
              <span key={m.url}>
                {i > 0 && ', '}
                <Out {...m} />
              </span>
            ))}
            .{' '}
          </>
        )}
        The run was in {sources.length} functions: {count('read')} were read in a source, {count('inferred')} inferred
        (≈, {STANDING.inferred.text}), {count('unknown')} unknown (?, {STANDING.unknown.text}), {count('model')} stand
        for something that the model leaves out (□).
      </p>
      <table className={styles.table}>
        <thead>
          <tr>
            <th>How sure</th>
            <th>Function</th>
            <th>Read in</th>
            <th>Facts and captures</th>
          </tr>
        </thead>
        <tbody>
          {sources.map((s) => (
            <Line key={s.name} source={s} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Line({ source: s }: { readonly source: SourceView }) {
  return (
    <tr>
      <td>{s.standing === 'read' ? 'read' : <StandingMark standing={s.standing} />}</td>
      <td>
        <code>{s.name}</code>
        {s.ident && s.ident.text !== s.name && (
          <>
            {' '}
            (<code>{s.ident.text}</code>)
          </>
        )}
      </td>
      <td>
        {s.file ? <Out {...s.file} mono /> : s.document}
        {s.file && <span className={styles.about}> {s.release}</span>}
      </td>
      <td>
        {[...(s.facts.length > 0 ? [`facts ${s.facts.join(', ')}`] : []), ...s.notes].join('; ')}
        {s.messages.map((m) => (
          <span key={m.url}>
            {' '}
            <Out {...m} />
          </span>
        ))}
        {s.captures.map((id) => (
          <span key={id}>
            {' '}
            <button
              type="button"
              className={styles.place}
              onClick={() => {
                closeDialog();
                runCommand(`open.capture.${id.split(' ')[0]}`);
              }}
            >
              {id}
            </button>
          </span>
        ))}
      </td>
    </tr>
  );
}
