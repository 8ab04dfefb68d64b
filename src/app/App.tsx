import { Bottom } from './panels/Bottom';
import { DropTarget } from './panels/DropTarget';
import { Header } from './panels/Header';
import { Inspector } from './panels/Inspector';
import { LanesPanel } from './panels/LanesPanel';
import { Notices } from './panels/Notices';
import { Sentence } from './panels/Sentence';
import { TextPanel } from './panels/TextPanel';
import { Transport } from './panels/Transport';
import { Overlays } from './overlays/Overlays';
import { Boundary } from './ui/Boundary';
import { CommandButton } from './ui/CommandButton';
import { narrow } from './store/page';
import { useApp } from './use-app';
import { useSyncExternalStore } from 'react';
import styles from './app.module.css';

const onResize = (changed: () => void): (() => void) => {
  window.addEventListener('resize', changed);
  return () => window.removeEventListener('resize', changed);
};

export function App() {
  const panels = useApp((s) => s.panels);
  const sheet = useApp((s) => s.sheet);
  const isNarrow = useSyncExternalStore(onResize, narrow);
  const shown = isNarrow ? { text: sheet === 'text', step: sheet === 'step', log: sheet === 'log' } : panels;
  return (
    <div className={styles.page}>
      <Boundary what="Header">
        <Header />
      </Boundary>
      <Boundary what="Outcome">
        <Sentence />
      </Boundary>
      <Notices />
      <main className={styles.work} data-sheet={isNarrow ? (sheet ?? undefined) : undefined}>
        {shown.text && (
          <div className={styles.text}>
            <TextPanel />
          </div>
        )}
        <div className={styles.lanes}>
          <Boundary what="Lanes">
            <LanesPanel />
          </Boundary>
          <Transport />
        </div>
        {shown.step && (
          <div className={styles.step}>
            <Inspector />
          </div>
        )}
        {shown.log && (
          <div className={styles.bottom}>
            <Bottom />
          </div>
        )}
      </main>
      {isNarrow && (
        <nav className={styles.tabs} aria-label="Panels">
          <CommandButton id="view.text" kind="plain" label="Text" pressed={sheet === 'text'} />
          <CommandButton id="view.step" kind="plain" label="Step" pressed={sheet === 'step'} />
          <CommandButton id="view.log" kind="plain" label="Log" pressed={sheet === 'log'} />
        </nav>
      )}
      <Overlays />
      <DropTarget />
    </div>
  );
}
