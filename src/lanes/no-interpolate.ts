/** Stands for d3-interpolate in the page's build, as no-transition.ts does for d3-transition: what d3-zoom names, and never calls here. */
export const interpolateZoom = (): never => {
  throw new Error('the lanes have no animated zoom');
};
