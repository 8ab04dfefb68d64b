import { setReadTab } from '../store/reading';
import type { ReadTab } from '../store/reading-state';
import { useApp } from '../use-app';
import styles from './reading.module.css';

const TABS: readonly ReadTab[] = ['step', 'why', 'search', 'values', 'marks'];
const TITLES: Record<ReadTab, string> = {
  step: 'The step at the playhead, and what is selected',
  why: 'Why it came about: the steps that mattered',
  search: 'Search (/)',
  values: 'Variables over time, as rows of the lanes',
  marks: 'Marks, and the time between them',
};

/** What the panel at the right tells. */
export function ReadTabs({ event }: { readonly event: boolean }) {
  const tab = useApp((s) => s.reading.tab);
  const label: Record<ReadTab, string> = {
    step: event ? 'Event' : 'Step',
    why: 'Why',
    search: 'Find',
    values: 'Values',
    marks: 'Marks',
  };
  return (
    <span className={styles.tabs} role="group" aria-label="What is told">
      {TABS.filter((name) => name !== 'why' || !event).map((name) => (
        <button
          key={name}
          type="button"
          aria-pressed={tab === name}
          title={TITLES[name]}
          onClick={() => setReadTab(name)}
        >
          {label[name]}
        </button>
      ))}
    </span>
  );
}
