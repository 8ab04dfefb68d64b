import { linesOf, type TreeLine } from '../session/tree';
import { closeDialog } from '../store/page';
import { goTo } from '../store/text';
import { useApp } from '../use-app';
import { Icon } from '../ui/Icon';
import styles from './branches.module.css';

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hour12: false });

/** All that was done, as a tree: what went straight on stands in one column, a branch begins one further to the right. */
export function Branches() {
  const session = useApp((s) => s.session);
  const lines = linesOf(session);
  return (
    <>
      <p className={styles.about}>
        Acting in the past, or after undo, begins a branch; the one that was left stays here. Choose one to go there.
      </p>
      <ol className={styles.tree}>
        {lines.map((line) => (
          <Line key={line.node.id} line={line} here={line.node.id === session.here} parent={parentOf(line, lines)} />
        ))}
      </ol>
    </>
  );
}

/** What a branch leaves from, where that is not the line above. */
const parentOf = ({ node, leaves }: TreeLine, lines: readonly TreeLine[]): string =>
  leaves ? (lines.find((l) => l.node.id === node.parent)?.node.label ?? '') : '';

function Line({ line, here, parent }: { readonly line: TreeLine; readonly here: boolean; readonly parent: string }) {
  const { node, depth, leaves } = line;
  return (
    <li style={{ paddingLeft: Math.min(depth, 8) * 18 }}>
      <button
        type="button"
        className={styles.node}
        aria-current={here ? 'step' : undefined}
        data-leaves={leaves && depth > 0}
        onClick={() => {
          closeDialog();
          goTo(node.id);
        }}
      >
        <span className={styles.mark} aria-hidden="true">
          {here ? <Icon name="check" size={13} /> : leaves && depth > 0 ? '↳' : '•'}
        </span>
        <span className={styles.label}>
          <code>{node.label}</code>
          {parent !== '' && <span className={styles.from}>leaves after “{parent}”</span>}
        </span>
        <time dateTime={new Date(node.when).toISOString()}>{clock.format(node.when)}</time>
      </button>
    </li>
  );
}
