/** A framework whose controls rules can name. */
interface Framework {
  readonly name: string;
  /** The form of its control ids. */
  readonly id: RegExp;
  readonly example: string;
}

/** Frameworks by the name that rules and `c1-audit rules --control` use. */
export const FRAMEWORKS = {
  'owasp-nhi': {
    name: 'OWASP Non-Human Identities Top 10, 2025',
    id: /^NHI(?:[1-9]|10)$/,
    example: 'NHI7',
  },
  'cis-controls-8': { name: 'CIS Controls 8.1', id: /^(?:[1-9]|1[0-8])\.[1-9]\d?$/, example: '5.3' },
  'nist-800-53': {
    name: 'NIST SP 800-53, revision 5',
    id: /^[A-Z]{2}-[1-9]\d?(?:\([1-9]\d?\))?$/,
    example: 'AC-2(3)',
  },
  'pci-dss-4.0.1': {
    name: 'PCI DSS 4.0.1',
    id: /^(?:[1-9]|1[0-2])(?:\.[1-9]\d?){1,3}$/,
    example: '8.6.3',
  },
  'fedramp-20x': {
    name: 'FedRAMP 20x Key Security Indicators, 2026',
    id: /^KSI-[A-Z]{3}-[A-Z]{3}$/,
    example: 'KSI-IAM-SNU',
  },
} as const satisfies Record<string, Framework>;

export type FrameworkName = keyof typeof FRAMEWORKS;

export const FRAMEWORK_NAMES = Object.keys(FRAMEWORKS) as readonly FrameworkName[];

/** Ids of the controls that a rule gives evidence on, by framework. */
export type Controls = { readonly [F in FrameworkName]?: readonly string[] };

/** `OWASP …: NHI1` as one text per framework, in a fixed order. */
export function controlTexts(
  controls: Controls,
): { framework: FrameworkName; name: string; ids: readonly string[] }[] {
  return FRAMEWORK_NAMES.flatMap((framework) => {
    const ids = controls[framework];
    return ids ? [{ framework, name: FRAMEWORKS[framework].name, ids }] : [];
  });
}
