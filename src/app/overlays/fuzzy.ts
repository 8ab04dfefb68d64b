/** Finding by a few letters: all words of a query must be in a text, in order of their letters; whole words and beginnings first. */

/** How well one word fits, 0 for not at all. Both in small letters. */
function scoreWord(word: string, text: string): number {
  const at = text.indexOf(word);
  if (at >= 0) {
    const begins = at === 0 || !/[a-z0-9]/.test(text[at - 1]!);
    const ends = at + word.length === text.length || !/[a-z0-9]/.test(text[at + word.length]!);
    return begins ? (ends ? 100 : 80) : 40;
  }
  // Numbers are meant as they are written.
  if (word.length < 2 || /\d/.test(word)) return 0;
  let from = 0;
  let jumps = 0;
  for (const letter of word) {
    const next = text.indexOf(letter, from);
    if (next < 0) return 0;
    if (next > from) jumps++;
    from = next + 1;
  }
  return jumps > word.length / 2 + 1 ? 0 : Math.max(1, 20 - 3 * jumps);
}

/**
 * How well a query fits a title, or what is said of it besides; 0 for not at all.
 *
 *     fuzzy('off 2', 'Take CPU 2 offline')   > 0
 *     fuzzy('ofl 2', 'Take CPU 2 offline')   > 0, but less
 *     fuzzy('off 3', 'Take CPU 2 offline')   0
 */
export function fuzzy(query: string, title: string, about = ''): number {
  const name = title.toLowerCase();
  const more = about.toLowerCase();
  // The words as they stand there are what is meant.
  const phrase = query.trim().toLowerCase();
  const at = phrase === '' ? -1 : name.indexOf(phrase);
  let sum = at === 0 ? 200 : at > 0 ? 60 : 0;
  for (const word of query.toLowerCase().split(/\s+/).filter(Boolean)) {
    const score = Math.max(scoreWord(word, name), scoreWord(word, more) / 4);
    if (score === 0) return 0;
    sum += score;
  }
  // Of two that fit alike the shorter one is meant.
  return phrase === '' ? 1 : sum - Math.min(9, name.length / 20);
}
