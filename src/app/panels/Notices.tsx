import { lazy, Suspense } from 'react';
import { set } from '../store/store';
import { useApp } from '../use-app';
import { Icon } from '../ui/Icon';
import { Offer } from './Offer';
import ui from '../ui/ui.module.css';
import styles from './notices.module.css';

const Tour = lazy(() => import('../overlays/Tour'));

/** What takes its time, with a way out; and what went wrong. */
export function Notices() {
  const work = useApp((s) => s.work);
  const notice = useApp((s) => s.notice);
  const tour = useApp((s) => s.tour !== null);
  return (
    <div>
      {tour && (
        <Suspense fallback={null}>
          <Tour />
        </Suspense>
      )}
      {!tour && <Offer />}
      {work && (
        <div className={styles.bar} role="status" aria-label={work.what}>
          <progress aria-label={work.what} />
          <b>{work.what}</b>
          <span className={styles.detail}>{work.detail}</span>
          <button type="button" className={`${ui.button} ${ui.plain}`} onClick={work.cancel}>
            Cancel
          </button>
        </div>
      )}
      {notice && (
        <div className={styles.bar} data-tone={notice.tone} role="alert">
          <b>{notice.text}</b>
          <span className={styles.detail}>{notice.details.join(' ')}</span>
          <button
            type="button"
            className={`${ui.button} ${ui.icon}`}
            aria-label="Close"
            onClick={() => set({ notice: null })}
          >
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  );
}
