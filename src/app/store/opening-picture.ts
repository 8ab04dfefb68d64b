/** The picture that the page opens on, run when the page is built. See `picture.ts`. */
import { galleryText, OPENING } from '../../litmus/gallery';
import { timelineToJson } from '../../timeline/plain';
import type { PlainPicture } from './picture';
import { makeRun } from './run-view';

/** As JSON. Throws where the text that the page opens on does not run. */
export function plainPicture(): string {
  const made = makeRun(galleryText(OPENING)!, 'litmus');
  if (!made.ok) throw new Error(made.problems[0]!.message);
  const { name, kernelLabel, machine, steps, seed, verdict, sentence, cpu, timeline } = made.view;
  const timelineJson = JSON.parse(timelineToJson(timeline)) as unknown;
  const picture: PlainPicture = { name, kernelLabel, machine, steps, seed, verdict, sentence, cpu, timeline: timelineJson }; // prettier-ignore
  return JSON.stringify(picture);
}
