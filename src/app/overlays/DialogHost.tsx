import { Dialog } from '@base-ui/react/dialog';
import { lazy, Suspense, useState } from 'react';
import { closeDialog } from '../store/page';
import type { AppState } from '../store/state';
import { Boundary } from '../ui/Boundary';
import { Icon } from '../ui/Icon';
import { useApp } from '../use-app';
import ui from '../ui/ui.module.css';
import { Help } from './Help';
import { ImportReportView } from './ImportReportView';
import { LaneTable } from './LaneTable';
import { SourcesView } from './SourcesView';
import styles from './overlays.module.css';
import palette from './palette.module.css';

const MatrixView = lazy(() => import('./MatrixView').then((m) => ({ default: m.MatrixView })));
const Palette = lazy(() => import('./Palette').then((m) => ({ default: m.Palette })));
const KeysView = lazy(() => import('./KeysView').then((m) => ({ default: m.KeysView })));
const Branches = lazy(() => import('./Branches').then((m) => ({ default: m.Branches })));
const FailuresView = lazy(() => import('./FailuresView').then((m) => ({ default: m.FailuresView })));

/** Tables that take the whole page and scroll in themselves. */
const WIDE: ReadonlySet<AppState['dialog']> = new Set(['matrix', 'failures']);

const titles: Record<Exclude<AppState['dialog'], null>, string> = {
  help: 'Keys and colours',
  table: 'The lanes as a table',
  report: 'What was read',
  matrix: 'Outcome matrix: every question on every kernel and design',
  sources: 'What this run rests on',
  failures: 'Failure map: what comes of each failing step',
  keys: 'Change keys',
  palette: 'All commands',
  branches: 'Branches: all that was done',
};

export default function DialogHost() {
  const open = useApp((s) => s.dialog);
  // What is being closed stays what it is until it is gone.
  const [dialog, setDialog] = useState(open);
  if (open !== null && open !== dialog) setDialog(open);
  return (
    <Dialog.Root open={open !== null} onOpenChange={(stays) => !stays && closeDialog()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop} />
        {dialog === 'palette' && (
          <Dialog.Popup className={palette.popup}>
            <Dialog.Title className="visually-hidden">{titles.palette}</Dialog.Title>
            <Boundary what={titles.palette}>
              <Suspense fallback={null}>
                <Palette />
              </Suspense>
            </Boundary>
          </Dialog.Popup>
        )}
        {dialog && dialog !== 'palette' && (
          <Dialog.Popup className={`${styles.dialog} ${WIDE.has(dialog) ? styles.wide : ''}`}>
            <div className={styles.dialogHead}>
              <Dialog.Title className={styles.dialogTitle}>{titles[dialog]}</Dialog.Title>
              <Dialog.Close className={`${ui.button} ${ui.icon}`} aria-label="Close">
                <Icon name="close" />
              </Dialog.Close>
            </div>
            {WIDE.has(dialog) ? (
              <Boundary what={titles[dialog]}>
                <Suspense fallback={null}>{dialog === 'matrix' ? <MatrixView /> : <FailuresView />}</Suspense>
              </Boundary>
            ) : (
              <div className={styles.dialogBody} tabIndex={0} role="group" aria-label={titles[dialog]} data-scrolls>
                {dialog === 'help' && <Help />}
                {dialog === 'table' && <LaneTable />}
                {dialog === 'report' && <ImportReportView />}
                {dialog === 'sources' && <SourcesView />}
                <Suspense fallback={null}>
                  {dialog === 'keys' && <KeysView />}
                  {dialog === 'branches' && <Branches />}
                </Suspense>
              </div>
            )}
          </Dialog.Popup>
        )}
      </Dialog.Portal>
    </Dialog.Root>
  );
}
