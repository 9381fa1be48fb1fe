// From package.json: set by scripts/build.js in the bundle and by jest.config.js in tests.
declare const C1_AUDIT_VERSION: string;
declare const C1_AUDIT_HOMEPAGE: string;

/** What the program prints where the arguments (joined with NUL) alone decide it. Set by scripts/build.js. */
declare const C1_AUDIT_ANSWERS: {
  /** Where in `texts`. */
  readonly at: Readonly<Record<string, number>>;
  /** For a terminal of 80 columns or anything but a terminal; and for one of at least `from` columns. */
  readonly texts: readonly { readonly at80: string; readonly unwrapped: string; readonly from: number }[];
};
