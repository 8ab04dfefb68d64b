/** From one loud thing to the next. */
import { Mark } from '../../timeline/columns';
import { seek } from './player';
import { placeOf, timelineOf } from './state';
import { get } from './store';

/** To the next or previous line of the log, failure, oops, or difference of two runs. */
export function toMark(direction: 1 | -1): void {
  const s = get();
  const timeline = timelineOf(s);
  if (!timeline) return;
  const places = new Set<number>();
  for (const line of timeline.log) if (line.source === 'kernel') places.add(placeOf(s, line.at));
  const { instants } = timeline;
  for (let i = 0; i < instants.length; i++)
    if (instants.mark[i]! <= Mark.failure || instants.mark[i] === Mark.differs) places.add(placeOf(s, instants.at[i]!));
  const ordered = [...places].sort((a, b) => a - b);
  const to = direction > 0 ? ordered.find((at) => at > s.playhead) : ordered.filter((at) => at < s.playhead).at(-1);
  if (to !== undefined) seek(to);
}
