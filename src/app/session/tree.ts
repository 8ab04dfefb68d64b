/** Changing a session: growing, going back and forth, forking, listing; all as plain values. */
import { hereOf, rooted, type Change, type Session, type SessionNode } from './session';

/** Most nodes, and most characters of all texts together, that a session keeps. */
export const MOST_NODES = 500;
export const MOST_CHARACTERS = 4_000_000;

/** Where a branch leaves that keeps nothing which was done by hand after a moment (nanoseconds). */
export function forkPoint({ nodes, here }: Session, at: number): number {
  let node = nodes.get(here);
  while (node && node.at !== null && node.at > at && nodes.has(node.parent)) node = nodes.get(node.parent)!;
  return node?.id ?? -1;
}

/** After a change. Returns too how many nodes had to go. */
export function grown(session: Session, change: Change, parent = session.here): { session: Session; trimmed: number } {
  if (session.nodes.size === 0) return { session: rooted(change), trimmed: 0 };
  const nodes = new Map(session.nodes);
  const id = Math.max(...nodes.keys()) + 1;
  const before = nodes.get(session.here)!;
  nodes.set(before.id, { ...before, ahead: id });
  nodes.set(id, { ...change, id, parent, back: before.id, ahead: -1 });
  const trimmed = trim(nodes, id);
  return { session: { nodes, here: id }, trimmed };
}

/** The text of the node that is shown goes on: keystrokes of one burst. */
export function continued(session: Session, change: Pick<SessionNode, 'text' | 'patch' | 'when'>): Session {
  const node = hereOf(session);
  if (!node) return session;
  return { ...session, nodes: new Map(session.nodes).set(node.id, { ...node, ...change }) };
}

/** Takes away the oldest ends of branches until the rest fits; a single line loses its beginning. */
function trim(nodes: Map<number, SessionNode>, here: number): number {
  let characters = 0;
  for (const node of nodes.values()) characters += node.text.length + node.patch.length;
  let trimmed = 0;
  while (nodes.size > 1 && (nodes.size > MOST_NODES || characters > MOST_CHARACTERS)) {
    const parents = new Set([...nodes.values()].map((n) => n.parent));
    const way = new Set(pathTo(nodes, here));
    const leaf = [...nodes.values()].find((n) => !parents.has(n.id) && !way.has(n.id));
    const gone = leaf ?? [...nodes.values()].find((n) => !nodes.has(n.parent))!;
    if (gone.id === here) break;
    nodes.delete(gone.id);
    characters -= gone.text.length + gone.patch.length;
    trimmed++;
    for (const node of nodes.values()) {
      if (node.parent !== gone.id && node.back !== gone.id && node.ahead !== gone.id) continue;
      const parent = node.parent === gone.id ? -1 : node.parent;
      const back = node.back === gone.id ? gone.back : node.back;
      const ahead = node.ahead === gone.id ? gone.ahead : node.ahead;
      nodes.set(node.id, { ...node, parent, back: nodes.has(back) ? back : -1, ahead: nodes.has(ahead) ? ahead : -1 });
    }
  }
  return trimmed;
}

function pathTo(nodes: ReadonlyMap<number, SessionNode>, id: number): number[] {
  const path: number[] = [];
  for (let node = nodes.get(id); node; node = nodes.get(node.parent)) path.push(node.id);
  return path;
}

/** What undo and redo lead to; -1 where there is nothing. */
export const undoTarget = (session: Session): number => hereOf(session)?.back ?? -1;
export const redoTarget = (session: Session): number => hereOf(session)?.ahead ?? -1;

/** At another node. One step back remembers where redo leads; a leap leaves that as it was. */
export function gone(session: Session, to: number): Session {
  const here = hereOf(session);
  const target = session.nodes.get(to);
  if (!here || !target || to === session.here) return session;
  const nodes = new Map(session.nodes);
  if (here.back === to) nodes.set(to, { ...target, ahead: here.id });
  return { nodes, here: to };
}

/** A line of the tree as it is listed. */
export interface TreeLine {
  readonly node: SessionNode;
  /** How many branches it stands away from the first one. */
  readonly depth: number;
  /** The first of its branch. */
  readonly leaves: boolean;
}

/** All nodes, each branch in one piece: the oldest goes straight on, a later one begins where it leaves. */
export function linesOf({ nodes }: Session): TreeLine[] {
  const children = new Map<number, SessionNode[]>();
  const roots: SessionNode[] = [];
  for (const node of nodes.values()) {
    if (!nodes.has(node.parent)) roots.push(node);
    else children.set(node.parent, [...(children.get(node.parent) ?? []), node]);
  }
  const lines: TreeLine[] = [];
  const stack: TreeLine[] = roots.reverse().map((node) => ({ node, depth: 0, leaves: true }));
  for (let line = stack.pop(); line; line = stack.pop()) {
    lines.push(line);
    const [first, ...others] = children.get(line.node.id) ?? [];
    // What goes straight on comes last, so that no branch is torn apart by the ones that leave it.
    if (first) stack.push({ node: first, depth: line.depth, leaves: false });
    for (const node of others.reverse()) stack.push({ node, depth: line.depth + 1, leaves: true });
  }
  return lines;
}
