import { Component, type ReactNode } from 'react';
import styles from './ui.module.css';

interface Props {
  readonly what: string;
  readonly children: ReactNode;
}

/** An error in one part leaves the others standing. */
export class Boundary extends Component<Props, { readonly error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className={styles.broken} role="alert">
        <p>
          “{this.props.what}” cannot be shown: {error.message}
        </p>
        <button
          type="button"
          className={`${styles.button} ${styles.plain}`}
          onClick={() => this.setState({ error: null })}
        >
          Try again
        </button>
      </div>
    );
  }
}
