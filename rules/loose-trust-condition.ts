import { defineRule } from '../src/contract/index.js';

/** What `c1-audit init` writes and the documents recommend, for a GitHub workflow: test/advice.test.ts compares them. */
const EXAMPLE =
  'such as claims.repository == "acme/security" && claims.ref == "refs/heads/main" && claims.workflow_ref == "acme/security/.github/workflows/c1-audit.yml@refs/heads/main"';

/** ConductorOne takes no longer ones. */
const MAX_BYTES = 1024;

interface Data {
  /** The part of the condition that lets them in; empty where the condition is. */
  part: string;
}

export default defineRule({
  id: 'loose-trust-condition',
  title: 'The federation trust lets in more workloads than the ones it names',
  severity: 'critical',
  kinds: ['federation-trust'],
  docs: {
    why: 'Providers such as GitHub Actions sign tokens for everybody. The condition alone decides whose workloads act as the service principal: if it names none, a stranger with a free account gets in. A condition that cannot be shown to name a workload is reported as undecided.',
    fix: 'Compare a claim that names the workload (repository, project_path, sub, …) in full, or up to its delimiter. Then add the branch and the workflow.',
    references: [
      {
        title: 'ConductorOne: Workload federation',
        url: 'https://www.conductorone.com/docs/product/admin/service-principals/workload-federation',
      },
      {
        title: 'GitHub: OpenID Connect reference',
        url: 'https://docs.github.com/en/actions/reference/security/oidc',
      },
      { title: 'OWASP Non-Human Identities 2025, NHI6 Insecure Cloud Deployment Configurations' },
    ],
  },
  controls: {
    'owasp-nhi': ['NHI6'],
    'nist-800-53': ['IA-9'],
    'fedramp-20x': ['KSI-IAM-SNU'],
  },
  plan: { way: 'adjust', sets: 'condition' },
  successor: 'a condition that names one workload',
  needs: ['condition', 'conditionVerdict'],
  messages: {
    always: (d: Data) =>
      `every token of the provider is let in, because the condition is ${d.part === '' ? 'empty' : `always true (${d.part})`}: require one workload, ${EXAMPLE}`,
    anyone: (d: Data) =>
      `strangers' workloads are let in, because this names no workload: ${d.part}; require one, ${EXAMPLE}`,
    ownerWide: (d: Data) =>
      `every workload of the owner is let in, because this names no more than the owner: ${d.part}; name the repository, project, workspace or account as well`,
    loose: (d: Data) =>
      `workloads with a similar name are let in, because this matches a part of a name: ${d.part}; compare the whole name, or end the prefix at its delimiter`,
    undecided: (d: Data) =>
      `it cannot be shown which workloads are let in by this: ${d.part}; compare a whole claim (sub, repository, project_path) with == or in`,
  },
  check({ facts }) {
    const { admits, part } = facts.conditionVerdict;
    switch (admits) {
      case 'never':
      case 'named':
        return Buffer.byteLength(facts.condition) > MAX_BYTES ? TOO_LONG : undefined;
      case 'ownerWide':
        return { messageId: admits, data: { part }, severity: 'high' };
      case 'loose':
      case 'undecided':
        return { messageId: admits, data: { part }, severity: 'medium' };
      default:
        return { messageId: admits, data: { part } };
    }
  },
});

/** What looks safe here is not what ConductorOne evaluates: it cannot hold such a condition. */
const TOO_LONG = {
  unknown: {
    reason: `the trust's condition is longer than the ${MAX_BYTES} bytes that ConductorOne accepts`,
    cure: 'Check where the record comes from, and shorten the condition.',
  },
};
