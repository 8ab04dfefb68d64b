import { useSyncExternalStore, type ReactNode } from 'react';
import { commandById, keysOf, keyText, onRegistered, runCommand } from '../registry';
import { useApp } from '../use-app';
import styles from './ui.module.css';

interface Props {
  readonly id: string;
  /** Instead of the command's own title. */
  readonly label?: string;
  readonly children?: ReactNode;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly kind?: 'icon' | 'plain' | 'round';
  readonly className?: string | undefined;
}

/** A button for a command: named and explained alike wherever it stands, its key told. */
export function CommandButton({ id, label, children, disabled, pressed, kind = 'icon', className }: Props) {
  const command = useSyncExternalStore(onRegistered, () => commandById(id));
  const title = label ?? command?.title ?? id;
  // its key may be changed
  const key = useApp(() => command && keysOf(command)[0]);
  return (
    <button
      type="button"
      className={[styles.button, styles[kind], className].filter(Boolean).join(' ')}
      aria-label={children && kind !== 'plain' ? title : undefined}
      aria-pressed={pressed}
      title={key === undefined ? title : `${title} (${keyText(key)})`}
      disabled={disabled}
      onClick={() => runCommand(id)}
    >
      {children ?? title}
    </button>
  );
}
