import { STANDING, type Link as To, type SourceView, type Standing } from '../inspect/sources';
import { runCommand } from '../commands';
import styles from './source.module.css';

/** A link to the outside: in a tab of its own, which learns nothing of this one. */
export function Out({ text, url, mono = false }: To & { readonly mono?: boolean }) {
  return (
    <a href={url} target="_blank" rel="noopener noreferrer" className={styles.out}>
      {mono ? <code>{text}</code> : text}
      <span aria-hidden="true"> ↗</span>
      <span className="visually-hidden"> (opens in a new tab)</span>
    </a>
  );
}

/** How sure something is: a sign and a word, none where it was simply read. */
export function StandingMark({ standing, short = false }: { readonly standing: Standing; readonly short?: boolean }) {
  if (standing === 'read') return null;
  const { sign, word, text } = STANDING[standing];
  return (
    <span className={styles.standing} data-standing={standing} title={`${word}: ${text}`}>
      <span aria-hidden="true">{sign}</span>
      {short ? <span className="visually-hidden"> {word}</span> : ` ${word}`}
    </span>
  );
}

/** Where a function was read: the kernel's function and file at that release, facts, captures, messages. */
export function Source({ source }: { readonly source: SourceView }) {
  const { standing, ident, file, document, release, facts, captures, messages, notes } = source;
  return (
    <div className={styles.source}>
      {(ident || file || document !== '') && (
        <p>
          {ident && <Out {...ident} mono />}
          {ident && file && ' in '}
          {file && <Out {...file} mono />}
          {file && <span className={styles.release}> Linux {release}</span>}
          {document !== '' && <span>{document}</span>}
        </p>
      )}
      {standing !== 'read' && (
        <p>
          <StandingMark standing={standing} />: {STANDING[standing].text}
        </p>
      )}
      {messages.length > 0 && (
        <p className={styles.list}>
          {messages.map((m) => (
            <Out key={m.url} {...m} />
          ))}
        </p>
      )}
      {captures.length > 0 && (
        <p className={styles.list}>
          captured:{' '}
          {captures.map((id) => (
            <button
              key={id}
              type="button"
              className={styles.capture}
              title={`Open the capture ${id}`}
              onClick={() => runCommand(`open.capture.${id.split(' ')[0]}`)}
            >
              {id}
            </button>
          ))}
        </p>
      )}
      {facts.length > 0 && <p className={styles.facts}>facts {facts.join(', ')}</p>}
      {notes.length > 0 && <p className={styles.facts}>{notes.join('; ')}</p>}
    </div>
  );
}
