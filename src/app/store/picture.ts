/**
 * What the page shows of a run before anybody asks more of it. The one that the page opens on is made when the page is
 * built, by the very code that makes it anew in the browser once the lanes are there (`opening-picture.ts`).
 */
import type { Sentence, Verdict } from '../../litmus/outcome';
import type { Litmus } from '../../litmus/parse';
import { timelineFromJson } from '../../timeline/plain';
import type { CpuId, Timeline } from '../../timeline/columns';

export interface RunPicture {
  /** Name of the litmus text. */
  readonly name: string;
  /** The kernel as it is called on the page: "v5.15", "v5.15 + your change". */
  readonly kernelLabel: string;
  /** What the text's machine line says. */
  readonly machine: Pick<Litmus['setup'], 'vendor' | 'booted' | 'cpus'>;
  readonly steps: number;
  readonly seed: number;
  readonly verdict: Verdict;
  readonly sentence: Sentence;
  /** The CPU that the story is about, or -1. */
  readonly cpu: CpuId;
  readonly timeline: Timeline;
}

/** A picture as it lies in the page: everything plain but the timeline, which is told apart by its columns. */
export type PlainPicture = Omit<RunPicture, 'timeline'> & { readonly timeline: unknown };

/** The picture that `plainPicture` of `opening-picture.ts` wrote. */
export const pictureFrom = (plain: PlainPicture): RunPicture => ({
  ...plain,
  timeline: timelineFromJson(plain.timeline),
});
