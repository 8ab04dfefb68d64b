/** Colours for both texts, from the page's own palette: few, and the same in both themes by name. */
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { tags } from '@lezer/highlight';
import type { Extension } from '@codemirror/state';

const style = HighlightStyle.define([
  { tag: tags.definitionKeyword, color: 'var(--accent)' },
  { tag: tags.keyword, fontWeight: '600' },
  { tag: tags.typeName, color: 'var(--accent)' },
  { tag: tags.heading, color: 'var(--accent)', fontWeight: '600' },
  { tag: tags.definition(tags.variableName), color: 'var(--ink)', fontWeight: '600' },
  { tag: tags.labelName, color: 'var(--accent)', fontWeight: '600' },
  { tag: tags.atom, color: 'var(--warn)', fontWeight: '600' },
  { tag: tags.docString, color: 'var(--dim)' },
  { tag: tags.comment, color: 'var(--dim)', fontStyle: 'italic' },
]);

export const colours: Extension = syntaxHighlighting(style);
