import { useEffect, useState } from 'react';
import { whenLoaded } from '../late';
import styles from './notices.module.css';

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;

/** Files may be dropped anywhere on the page. */
export function DropTarget() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    const show = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    window.addEventListener('dragenter', show, { signal });
    window.addEventListener('dragover', show, { signal });
    window.addEventListener('dragleave', (event) => event.relatedTarget === null && setOver(false), { signal });
    window.addEventListener(
      'drop',
      (event) => {
        setOver(false);
        if (!hasFiles(event)) return;
        event.preventDefault();
        // The list is empty once the event is over.
        const files = [...(event.dataTransfer?.files ?? [])];
        whenLoaded((late) => late.openFiles(files));
      },
      { signal },
    );
    return () => stop.abort();
  }, []);
  return over ? (
    <div className={styles.drop}>
      Drop a litmus text, or the files of a trace: trace.txt, dmesg.txt, vmm.txt, capture.json
    </div>
  ) : null;
}
