/**
 * Stands for d3-transition in d3-zoom (see vite.config.ts), which wants nothing of it but to stop animations, and the
 * lanes have none. The real one would bring 10 kB of easing, colours and timers to the first load.
 */
import { selection } from 'd3-selection';

Object.assign(selection.prototype, {
  interrupt(this: unknown) {
    return this;
  },
});

export const interrupt = (): void => undefined;
