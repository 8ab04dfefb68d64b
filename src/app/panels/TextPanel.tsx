import { lazy, Suspense, useEffect, useState } from 'react';
import { MAX_LITMUS } from '../../litmus/parse';
import { useApp } from '../use-app';
import { CommandButton } from '../ui/CommandButton';
import { Icon } from '../ui/Icon';
import { Panel } from '../ui/Panel';
import { runCommand } from '../commands';
import { keyOf } from '../keys';
import { originalOf, refuseText, setText } from '../store/text';
import { Problems } from './Problems';
import styles from './text.module.css';

const LitmusEditor = lazy(() => import('../editor/LitmusEditor'));

/** The litmus text. It can be typed into from the start; the editor proper comes when the lanes are there. */
export function TextPanel() {
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const wait = setTimeout(() => setReady(true), 300);
    return () => clearTimeout(wait);
  }, []);
  const undo = useApp((s) => s.past.length > 0);
  const redo = useApp((s) => s.future.length > 0);
  const original = useApp((s) => originalOf(s) !== null);
  const actions = (
    <>
      {original && <CommandButton id="text.original" kind="plain" label="Original" />}
      <CommandButton id="text.undo" disabled={!undo}>
        <Icon name="undo" />
      </CommandButton>
      <CommandButton id="text.redo" disabled={!redo}>
        <Icon name="redo" />
      </CommandButton>
    </>
  );
  return (
    <Panel title="Litmus text" name="text" actions={actions} className={styles.text}>
      <div className={styles.editor}>
        {ready ? (
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
