/** Texts of the gallery with at most two million states each, and few enough that a test may go through them all. */
export const SMALL = ['bad-cpu-at-load', 'fail-file-starting', 'panic-restart'] as const;
