/** The editor on the page, for what points into the text; nothing while it is not loaded. */
export const editor: { goTo: ((line: number, column: number) => void) | null } = { goTo: null };
