import { describeItem } from '../../lanes/describe';
import { timelineOf } from '../store/state';
import { useApp } from '../use-app';
import { Section } from './Inspector';
import styles from './inspector.module.css';

/** What is selected on the lanes, in words. */
export function Selected() {
  const item = useApp((s) => s.selection);
  const timeline = useApp(timelineOf);
  const axis = useApp((s) => s.axis);
  if (!item || !timeline) return null;
  return (
    <Section title="Selected">
      <p className={styles.selected}>{describeItem(timeline, item, axis)}</p>
    </Section>
  );
}
