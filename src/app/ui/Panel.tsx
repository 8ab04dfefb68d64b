import { useId, type ReactNode } from 'react';
import { togglePanel } from '../store/page';
import type { PanelName } from '../store/state';
import { Boundary } from './Boundary';
import { Icon } from './Icon';
import styles from './ui.module.css';

interface Props {
  readonly title: string;
  /** What puts it away; none where it goes with another one. */
  readonly name?: PanelName;
  /** Shown instead of the title. */
  readonly heading?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string | undefined;
}

/** A part of the page beside the lanes: headed, put away with one click, and alone in its failures. */
export function Panel({ title, name, heading, actions, children, className }: Props) {
  const id = useId();
  return (
    <section className={[styles.panel, className].filter(Boolean).join(' ')} aria-labelledby={id}>
      <div className={styles.head}>
        <h2 id={id} className={heading ? 'visually-hidden' : undefined}>
          {title}
        </h2>
        {heading}
        {actions}
        {name && (
          <button
            type="button"
            className={`${styles.button} ${styles.icon}`}
            aria-label={`Put away: ${title}`}
            title="Put away"
            onClick={() => togglePanel(name)}
          >
            <Icon name="close" size={14} />
          </button>
        )}
      </div>
      <Boundary what={title}>{children}</Boundary>
    </section>
  );
}
