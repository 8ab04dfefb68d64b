import { lazy, Suspense, useEffect, useState } from 'react';
import { MAX_LITMUS } from '../../litmus/parse';
import { kernelText } from '../../kernels/index';
import { setTab } from '../store/page';
import type { TextTab } from '../store/state';
import { useApp } from '../use-app';
import { CommandButton } from '../ui/CommandButton';
import { Icon } from '../ui/Icon';
import { Panel } from '../ui/Panel';
import { runCommand } from '../commands';
import { keyOf } from '../keys';
import { redoTarget, undoTarget } from '../session/tree';
import { onOwn, shownKernel } from '../store/kernel-change';
import { originalOf, refuseText, setText } from '../store/text';
import { Problems } from './Problems';
import styles from './text.module.css';

const LitmusEditor = lazy(() => import('../editor/LitmusEditor'));
const KernelEditor = lazy(() => import('../editor/KernelEditor'));

const TITLES: Readonly<Record<TextTab, string>> = {
  litmus: 'Litmus text',
  kernel: 'Kernel text',
  patch: 'What is changed',
};

/** The litmus text; behind it the kernel's. It can be typed into from the start; the editor proper comes when the lanes are there. */
export function TextPanel() {
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const wait = setTimeout(() => setReady(true), 300);
    return () => clearTimeout(wait);
  }, []);
  const undo = useApp((s) => undoTarget(s.session) >= 0);
  const redo = useApp((s) => redoTarget(s.session) >= 0);
  const original = useApp((s) => originalOf(s) !== null);
  const tab = useApp((s) => s.tab);
  const wide = useApp((s) => s.wide);
  const actions = (
    <>
      {tab !== 'litmus' && (
        <CommandButton id="kernel.wide" pressed={wide} className={styles.room}>
          <Icon name="wide" />
        </CommandButton>
      )}
      {tab === 'litmus' && original && <CommandButton id="text.original" kind="plain" label="Original" />}
      <CommandButton id="text.undo" disabled={!undo}>
        <Icon name="undo" />
      </CommandButton>
      <CommandButton id="text.redo" disabled={!redo}>
        <Icon name="redo" />
      </CommandButton>
    </>
  );
  return (
    <Panel title={TITLES[tab]} name="text" heading={<Tabs />} actions={actions} className={styles.text}>
      {tab === 'litmus' && <Look />}
      <div className={styles.editor}>
        {tab !== 'litmus' ? (
          <Suspense fallback={null}>
            <KernelEditor key={tab} changes={tab === 'patch'} />
          </Suspense>
        ) : ready ? (
          <Suspense fallback={<Plain />}>
            <LitmusEditor />
          </Suspense>
        ) : (
          <Plain />
        )}
      </div>
      <Problems />
    </Panel>
  );
}

/** What the panel shows; a kernel that stands by itself has no patch. */
function Tabs() {
  const tab = useApp((s) => s.tab);
  const kernel = useApp(shownKernel);
  const patch = useApp((s) => s.allTexts && (onOwn(s) || (kernelText(kernel)?.over ?? null) !== null));
  const shown: readonly TextTab[] = patch || tab === 'patch' ? ['litmus', 'kernel', 'patch'] : ['litmus', 'kernel'];
  return (
    <span className={styles.tabs} role="group" aria-label="Text">
      {shown.map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={tab === name}
          title={name === 'litmus' ? TITLES.litmus : `${TITLES[name]}: ${kernel}`}
          onClick={() => setTab(name)}
        >
          {name === 'litmus' ? 'Litmus' : name === 'patch' ? 'Changes' : 'Kernel'}
        </button>
      ))}
    </span>
  );
}

/** What the text's author says to look for; put away for this text with one click. */
function Look() {
  const name = useApp((s) => s.run?.litmus.name ?? '');
  const look = useApp((s) => s.run?.litmus.look);
  const [away, setAway] = useState('');
  if (!look || look.length === 0 || away === name) return null;
  return (
    <div className={styles.look}>
      <b>Look for</b>
      <ul>
        {look.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <button type="button" aria-label="Put away: Look for" onClick={() => setAway(name)}>
        <Icon name="close" size={12} />
      </button>
    </div>
  );
}

function Plain() {
  const text = useApp((s) => s.text);
  return (
    <textarea
      className={styles.plain}
      aria-label="Litmus text"
      spellCheck={false}
      value={text}
      onChange={({ target: { value } }) => {
        if (value.length <= MAX_LITMUS) setText(value, 'typed');
        else refuseText(`with the change it would have ${value.length.toLocaleString('en')}`);
      }}
      onKeyDown={(event) => {
        const key = keyOf(event.nativeEvent);
        const id = key === 'Mod+z' ? 'text.undo' : key === 'Mod+Shift+z' || key === 'Mod+y' ? 'text.redo' : null;
        if (id === null) return;
        event.preventDefault();
        runCommand(id);
      }}
    />
  );
}
