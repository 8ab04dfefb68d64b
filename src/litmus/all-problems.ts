/**
 * All that is wrong with a change of a kernel. Where the code of a function is wrong the compiler stops there; so that function
 * is taken out of the change and the rest looked at again, until nothing is wrong or enough was found.
 */
import { chunksOf } from '../language/chunks';
import type { Problem } from '../language/errors';
import { load } from './load';

/** Most problems that are told at once. */
const MOST = 10;

/** The problems of a text on a changed kernel, one for each function at least; none where it runs. */
export function allProblems(
  text: string,
  file: string,
  patch: { readonly file: string; readonly source: string },
): Problem[] {
  const found: Problem[] = [];
  let { source } = patch;
  while (found.length < MOST) {
    const loaded = load(text, file, { edited: [{ ...patch, source }] });
    if (loaded.ok) break;
    const fresh = loaded.problems.filter((p) => !found.some((f) => samePlace(f, p)));
    found.push(...fresh);
    const next = fresh.reduce((s, p) => (p.file === patch.file ? without(s, p.line) : s), source);
    if (next === source) break;
    source = next;
  }
  return found.slice(0, MOST);
}

const samePlace = (a: Problem, b: Problem): boolean => a.file === b.file && a.line === b.line && a.column === b.column;

/** The text without the function that has this line (from 1), every other line where it was; a new one keeps its head. */
function without(source: string, line: number): string {
  const lines = source.split('\n');
  const chunk = chunksOf(lines).find((c) => c.first < line && line <= c.end);
  if (!chunk?.key.startsWith('function ') || chunk.end - chunk.at < 2) return source;
  const replaces = /^replace\s/.test(lines[chunk.at]!);
  const [from, to] = replaces ? [chunk.at, chunk.end] : [chunk.at + 1, chunk.end - 1];
  return lines.map((text, i) => (i >= from && i < to ? '' : text)).join('\n');
}
