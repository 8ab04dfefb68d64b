import type { Timeline } from '../timeline/columns';

/** What is shown before a timeline is set: nothing, without special cases. */
export const emptyTimeline: Timeline = {
  title: '',
  source: 'run',
  length: 0,
  timeUs: new Float64Array(1),
  originUs: 0,
  strings: [''],
  tracks: [],
  slices: {
    length: 0,
    track: new Int32Array(0),
    depth: new Uint8Array(0),
    start: new Int32Array(0),
    end: new Int32Array(0),
    look: new Uint8Array(0),
    name: new Int32Array(0),
    detail: new Int32Array(0),
  },
  instants: {
    length: 0,
    at: new Int32Array(0),
    track: new Int32Array(0),
    mark: new Uint8Array(0),
    name: new Int32Array(0),
    text: new Int32Array(0),
  },
  flows: {
    length: 0,
    kind: new Uint8Array(0),
    name: new Int32Array(0),
    fromTrack: new Int32Array(0),
    start: new Int32Array(0),
    toTrack: new Int32Array(0),
    end: new Int32Array(0),
  },
  counters: { names: [], length: 0, counter: new Int32Array(0), at: new Int32Array(0), value: new Float64Array(0) },
  log: [],
};
