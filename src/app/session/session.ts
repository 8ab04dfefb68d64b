/**
 * What was done in a session, as a small tree of texts: nothing that was there is lost by going back and doing something else.
 * A node is the text after one act; its parent is the text that the act was done to, as far as it was kept.
 *
 *   0 kevin ── 1 offline cpu2 ── 2 online cpu2          acted at 1 ms, then at 2 ms
 *                             └─ 3 offline cpu3         then, back at 1.5 ms, something else: 2 stays, and undo leads there
 */
export interface SessionNode {
  readonly id: number;
  /** Where its branch leaves; -1 for the first. */
  readonly parent: number;
  /** Where the user was before: undo leads there. -1: nowhere. */
  readonly back: number;
  /** Where redo leads: to what was there last. -1: nowhere. */
  readonly ahead: number;
  readonly text: string;
  /** What is changed of the kernel, as a text; '' for nothing. */
  readonly patch: string;
  /** Text of the gallery that it began as. */
  readonly scenario: string;
  /** What was done, in words. */
  readonly label: string;
  /** Milliseconds since 1970. */
  readonly when: number;
  /** Moment of the run at which it was done by hand, nanoseconds; null for any other change. */
  readonly at: number | null;
}

export interface Session {
  readonly nodes: ReadonlyMap<number, SessionNode>;
  /** The node that is shown. */
  readonly here: number;
}

/** What a change makes. */
export type Change = Pick<SessionNode, 'text' | 'patch' | 'scenario' | 'label' | 'when' | 'at'>;

export const NO_SESSION: Session = { nodes: new Map(), here: -1 };

/** A session that begins. */
export function rooted(change: Change): Session {
  return { nodes: new Map([[0, { ...change, id: 0, parent: -1, back: -1, ahead: -1 }]]), here: 0 };
}

export const hereOf = ({ nodes, here }: Session): SessionNode | undefined => nodes.get(here);
