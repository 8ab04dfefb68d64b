/** What a step shows to the outside, beside the cells it changed. No effect is part of the state. */
export type Effect =
  | { readonly kind: 'log'; readonly cpu: number; readonly level: 'info' | 'warn'; readonly text: string }
  | { readonly kind: 'trace'; readonly cpu: number; readonly text: string }
  /** A BUG. `killed` is false where the host panicked instead. */
  | {
      readonly kind: 'oops';
      readonly cpu: number;
      readonly context: number;
      readonly fn: string;
      readonly caller: string;
      readonly instruction: string;
      readonly where: string;
      readonly killed: boolean;
    }
  | { readonly kind: 'panic'; readonly cpu: number; readonly why: string }
  /** An instruction took #UD. */
  | {
      readonly kind: 'ud';
      readonly cpu: number;
      readonly context: number;
      readonly instruction: string;
      readonly fn: string;
    }
  | {
      readonly kind: 'callback';
      readonly begin: boolean;
      readonly up: boolean;
      readonly cpu: number;
      readonly state: number;
      readonly on: number;
      readonly result: number;
    }
  | { readonly kind: 'fault'; readonly cpu: number; readonly fault: number }
  | {
      readonly kind: 'send';
      readonly from: number;
      readonly to: number;
      readonly context: number;
      readonly name: string;
    }
  | { readonly kind: 'deliver'; readonly cpu: number; readonly sender: number; readonly name: string }
  | { readonly kind: 'handled'; readonly cpu: number; readonly sender: number }
  | { readonly kind: 'migrate'; readonly context: number; readonly from: number; readonly to: number }
  | {
      readonly kind: 'action';
      readonly actor: number;
      readonly index: number;
      readonly begin: boolean;
      readonly result: number;
    }
  | { readonly kind: 'ended'; readonly context: number; readonly cpu: number; readonly dead: boolean }
  | { readonly kind: 'affinity'; readonly context: number; readonly cpu: number };
