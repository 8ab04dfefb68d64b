import { describeItem } from '../../lanes/describe';
import type { Item } from '../../lanes/lanes-view';
import type { Timeline } from '../../timeline/columns';
import { sourceOf, type SourceView } from '../inspect/sources';
import type { RunView } from '../store/run-view';
import { runOf, timelineOf } from '../store/state';
import { useApp } from '../use-app';
import { Section } from './Inspector';
import { Source } from './Source';
import styles from './inspector.module.css';

/** What is selected on the lanes, in words. */
export function Selected() {
  const item = useApp((s) => s.selection);
  const timeline = useApp(timelineOf);
  const axis = useApp((s) => s.axis);
  const run = useApp((s) => runOf(s));
  if (!item || !timeline) return null;
  const source = run && callbackOf(timeline, item, run);
  return (
    <Section title="Selected">
      <p className={styles.selected}>{describeItem(timeline, item, axis)}</p>
      {source && <Source source={source} />}
    </Section>
  );
}

/** A step of the hotplug walk is called like its callback: where that was read. */
function callbackOf(timeline: Timeline, item: Item, { program }: RunView): SourceView | null {
  if (item.kind !== 'slice' || timeline.slices.depth[item.index] === 0) return null;
  if (timeline.tracks[timeline.slices.track[item.index]!]!.kind !== 'hotplug') return null;
  return sourceOf(program, timeline.strings[timeline.slices.name[item.index]!]!);
}
