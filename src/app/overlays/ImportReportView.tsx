import { useApp } from '../use-app';
import styles from './overlays.module.css';

/** What an import made of its files: nothing that was skipped is skipped in silence. */
export function ImportReportView() {
  const report = useApp((s) => s.trace?.report ?? null);
  if (!report) return null;
  return (
    <>
      <p>
        {report.events.toLocaleString('en')} events of {report.dataLines.toLocaleString('en')} lines;{' '}
        {report.badLines.toLocaleString('en')} not understood and left out.
      </p>
      {report.notes.length > 0 && (
        <ul>
          {report.notes.map((note, i) => (
            <li key={i}>{note}</li>
          ))}
        </ul>
      )}
      {report.bad.length > 0 && (
        <table className={styles.table}>
          <thead>
            <tr>
              <th>File</th>
              <th>Line</th>
              <th>Why</th>
              <th>Text</th>
            </tr>
          </thead>
          <tbody>
            {report.bad.map((b, i) => (
              <tr key={i}>
                <td>{b.file}</td>
                <td>{b.line}</td>
                <td>{b.why}</td>
                <td>
                  <code>{b.text.slice(0, 200)}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
