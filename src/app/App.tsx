import { Header } from './panels/Header';
import { LanesPanel } from './panels/LanesPanel';
import { Sentence } from './panels/Sentence';
import { Overlays } from './overlays/Overlays';
import { Boundary } from './ui/Boundary';
import { CommandButton } from './ui/CommandButton';
import { MenuButton } from './ui/MenuButton';
import { around } from './late';
import { narrow } from './store/page';
import { useApp } from './use-app';
import { lazy, Suspense, useSyncExternalStore, type ReactNode } from 'react';
import styles from './app.module.css';

const Bottom = lazy(() => around.then((m) => ({ default: m.Bottom })));
const DropTarget = lazy(() => around.then((m) => ({ default: m.DropTarget })));
const Inspector = lazy(() => around.then((m) => ({ default: m.Inspector })));
const Notices = lazy(() => around.then((m) => ({ default: m.Notices })));
const Transport = lazy(() => around.then((m) => ({ default: m.Transport })));
const TextPanel = lazy(() => around.then((m) => ({ default: m.TextPanel })));

/** Its place is kept while it is not there yet. */
function Soon({ children, className }: { readonly children: ReactNode; readonly className?: string | undefined }) {
  return (
    <div className={className}>
      <Boundary what="A panel">
        <Suspense fallback={null}>{children}</Suspense>
      </Boundary>
    </div>
  );
}

const onResize = (changed: () => void): (() => void) => {
  window.addEventListener('resize', changed);
  return () => window.removeEventListener('resize', changed);
};

export function App() {
  const panels = useApp((s) => s.panels);
  // A trace has nothing to do with the text: its lanes get the room.
  const trace = useApp((s) => s.showing === 'trace');
  // A kernel's lines are longer than those of a litmus text.
  const room = useApp((s) => (s.tab === 'litmus' ? undefined : s.wide ? styles.wide : styles.code));
  const sheet = useApp((s) => s.sheet);
  const isNarrow = useSyncExternalStore(onResize, narrow);
  const wanted = isNarrow ? { text: sheet === 'text', step: sheet === 'step', log: sheet === 'log' } : panels;
  const shown = { ...wanted, text: wanted.text && !trace };
  return (
    <div className={styles.page} data-sheet={isNarrow ? (sheet ?? undefined) : undefined}>
      <Boundary what="Header">
        <Header />
      </Boundary>
      <Boundary what="Outcome">
        <Sentence />
      </Boundary>
      <Soon>
        <Notices />
      </Soon>
      <main className={styles.work}>
        {shown.text && (
          <Soon className={room ? `${styles.text} ${room}` : styles.text}>
            <TextPanel />
          </Soon>
        )}
        <div className={styles.lanes}>
          <Boundary what="Lanes">
            <LanesPanel />
          </Boundary>
          <Soon className={styles.foot}>
            <Transport />
          </Soon>
        </div>
        {shown.step && (
          <Soon className={styles.step}>
            <Inspector />
          </Soon>
        )}
        {shown.log && (
          <Soon className={styles.bottom}>
            <Bottom />
          </Soon>
        )}
      </main>
      {isNarrow && (
        <nav className={styles.tabs} aria-label="Panels">
          <CommandButton id="view.text" kind="plain" label="Text" pressed={sheet === 'text'} disabled={trace} />
          <CommandButton id="view.step" kind="plain" label="Step" pressed={sheet === 'step'} />
          <CommandButton id="view.log" kind="plain" label="Log" pressed={sheet === 'log'} />
          <MenuButton menu="more" label="More">
            More
          </MenuButton>
        </nav>
      )}
      <Overlays />
      <Soon>
        <DropTarget />
      </Soon>
    </div>
  );
}
