import { Panel } from '../ui/Panel';
import { useApp } from '../use-app';
import { LogLines } from './LogPanel';
import { Returns } from './Returns';
import styles from './log.module.css';

/** What the kernel said, and what userspace saw of it. */
export function Bottom() {
  const trace = useApp((s) => s.showing === 'trace');
  return (
    <div className={styles.bottom} data-even={trace}>
      <Panel title="Kernel log" className={styles.kernel}>
        <LogLines source="kernel" label="Lines of the kernel log" />
      </Panel>
      <Panel title={trace ? 'Userspace: the VMM’s log' : 'Userspace saw'} name="log" className={styles.userspace}>
        {trace ? <LogLines source="vmm" label="Lines of the VMM's log" /> : <Returns />}
      </Panel>
    </div>
  );
}
