import { refuseOffer, takeOffer } from '../store/kept';
import { useApp } from '../use-app';
import ui from '../ui/ui.module.css';
import styles from './notices.module.css';

/** How long ago, in the largest unit that fits. */
function ago(ms: number): string {
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  const minutes = Math.round((Date.now() - ms) / 60_000);
  if (minutes < 90) return words.format(-minutes, 'minute');
  if (minutes < 36 * 60) return words.format(-Math.round(minutes / 60), 'hour');
  return words.format(-Math.round(minutes / (24 * 60)), 'day');
}

/** The work of an earlier visit, until it is taken up or put away. */
export function Offer() {
  const offer = useApp((s) => s.offer);
  if (offer === null) return null;
  const { title, steps, when } = offer;
  return (
    <div className={styles.bar} role="status" aria-label="Work of an earlier visit">
      <b>Continue where you were?</b>
      <span className={styles.detail}>
        {title}, {steps} {steps === 1 ? 'change' : 'changes'}, {ago(when)}
      </span>
      <button type="button" className={`${ui.button} ${ui.plain}`} onClick={() => void takeOffer()}>
        Continue
      </button>
      <button type="button" className={`${ui.button} ${ui.plain}`} onClick={refuseOffer}>
        Start anew
      </button>
    </div>
  );
}
