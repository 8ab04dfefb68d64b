import { memo, useEffect, useMemo, useRef } from 'react';
import { kernelTitle } from '../../kernels/index';
import { linesAt, passagesOf, shortFile, type Passage } from '../inspect/kernel-text';
import { sourceOf, type SourceView } from '../inspect/sources';
import { runOf, stepsDone } from '../store/state';
import { useApp } from '../use-app';
import { Out, StandingMark } from './Source';
import styles from './kernel-text.module.css';

const NONE: readonly number[] = [];

/** The functions of the kernel's text that the run is in, with the line of the playhead's step and the calls above it. */
export default function KernelText() {
  const run = useApp((s) => runOf(s) ?? s.run);
  const done = useApp((s) => stepsDone(s));
  // Sources are told from the whole texts, which come a little later.
  const all = useApp((s) => s.allTexts);
  const passages = useMemo(() => (run && all ? passagesOf(run) : []), [run, all]);
  const lines = useMemo(() => (run ? linesAt(run, done) : []), [run, done]);
  const list = useRef<HTMLDivElement>(null);
  const here = lines[0];
  useEffect(() => {
    list.current?.querySelector('[data-here="now"]')?.scrollIntoView({ block: 'nearest' });
  }, [here?.file, here?.line]);
  if (!run) return null;
  const { kernel } = run.program;
  return (
    <div
      ref={list}
      className={styles.text}
      tabIndex={0}
      role="group"
      aria-label={`Text of the kernel ${kernel}`}
      data-scrolls
    >
      <p className={styles.about}>
        {kernelTitle(kernel)}. Below are the {passages.length} functions that this run is in.
      </p>
      {byFile(passages).map(([file, list]) => (
        <div key={file}>
          <h3 className={styles.file}>{shortFile(file)}</h3>
          {list.map((passage) => {
            const inside = lines.filter(
              (l) => l.file === file && l.line >= passage.line && l.line < passage.line + passage.lines.length,
            );
            return (
              <Function
                key={passage.line}
                passage={passage}
                source={sourceOf(run.program, passage.name)}
                now={inside.find((l) => l === here)?.line ?? -1}
                calls={inside.length > 0 ? inside.filter((l) => l !== here).map((l) => l.line) : NONE}
              />
            );
          })}
        </div>
      ))}
    </div>
  );
}

/** Passages by file: those of one file follow each other. */
function byFile(passages: readonly Passage[]): [string, Passage[]][] {
  const files = new Map<string, Passage[]>();
  for (const passage of passages) files.set(passage.file, [...(files.get(passage.file) ?? []), passage]);
  return [...files];
}

interface Props {
  readonly passage: Passage;
  readonly source: SourceView | null;
  /** Line of the step, -1 where it is not here. */
  readonly now: number;
  /** Lines of the calls that led to it. */
  readonly calls: readonly number[];
}

const Function = memo(
  function Function({ passage, source, now, calls }: Props) {
    return (
      <section aria-label={passage.name}>
        <ol className={styles.lines} start={passage.line}>
          {passage.lines.map((text, i) => {
            const line = passage.line + i;
            const state = line === now ? 'now' : calls.includes(line) ? 'call' : undefined;
            return (
              <li key={line} data-here={state} aria-current={state === 'now' ? 'step' : undefined}>
                <span className={styles.number}>{line}</span>
                <Line text={text} />
              </li>
            );
          })}
        </ol>
        {source && (source.ident !== null || source.standing !== 'read') && (
          <p className={styles.source}>
            <StandingMark standing={source.standing} /> {source.ident && <Out {...source.ident} />}
          </p>
        )}
      </section>
    );
  },
  (a, b) => a.passage === b.passage && a.now === b.now && a.calls.join() === b.calls.join(),
);

/** What is said of a line is quieter than the line itself. */
export function Line({ text }: { readonly text: string }) {
  const [code = '', quoted = '', rest = '', comment = ''] = partsOf(text);
  return (
    <code>
      {code}
      {quoted !== '' && <span className={styles.quiet}>{quoted}</span>}
      {rest}
      {comment !== '' && <span className={styles.quiet}>{comment}</span>}
      {text === '' && ' '}
    </code>
  );
}

/** Code, the quoted source of a declaration, the rest, and the comment. */
function partsOf(text: string): readonly string[] {
  const comment = /^(?:[^"#]|"[^"]*")*?(#.*)$/.exec(text)?.[1] ?? '';
  const code = text.slice(0, text.length - comment.length);
  const declared = /^((?:replace )?(?:fn|action|let|const|global|percpu|pervm|pervcpu)\b[^"]*)("[^"]*")(.*)$/.exec(
    code,
  );
  return declared ? [...declared.slice(1), comment] : [code, '', '', comment];
}
