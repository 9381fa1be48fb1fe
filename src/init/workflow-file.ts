import { CONFIG_FILE, type Setup } from './setup.js';

const STATE = '.c1-audit/state.json';
const REPORTS = 'c1-audit-report';

const expression = (text: string) => `\${{ ${text} }}`;
const secret = (name: string) => `          ${name}: ${expression(`secrets.${name}`)}\n`;

/** `.github/workflows/c1-audit.yml`: needs the package on npm and nothing else of this project. */
export function workflowFile(setup: Setup, version: string): string {
  const { tenant, auth, slack, schedule } = setup;
  const federation = auth === 'federation';
  const key = `c1-audit-state-${tenant}-`;
  const run = `${key}${expression('github.run_id')}-${expression('github.run_attempt')}`;
  return `# Audits the API credentials of ${tenant} and fails where there is something to do.
# ${CONFIG_FILE} says what it looks for. Keep the repository private: the log, the summary and the artifact
# name people.
#
# Login: the variable CONDUCTORONE_CLIENT_ID${federation ? ', the client id of a federation trust (it ends in /wfe). No secret is kept' : ' and the secret CONDUCTORONE_CLIENT_SECRET'}.
name: c1-audit

on:
  schedule:
    # UTC. GitHub delays and drops runs, those on the full hour first, and in public repositories it ends schedules after
    # 60 days without a commit. The secret C1_AUDIT_HEARTBEAT_URL lets you hear of a night without an audit.
    - cron: "${schedule}"
  workflow_dispatch:

permissions: {}

# Two runs must not write one state: the later one waits.
concurrency:
  group: c1-audit
  cancel-in-progress: false

jobs:
  audit:
    name: Audit
    runs-on: ubuntu-latest
    timeout-minutes: 45
    permissions:
      contents: read
${federation ? '      id-token: write\n' : ''}    # Without a login the run fails and says what to set. A condition that skipped it would look like a clean night.
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false

      - uses: actions/setup-node@820762786026740c76f36085b0efc47a31fe5020 # v7.0.0
        with:
          node-version: 24
          package-manager-cache: false

      # Whoever can open a pull request can read a cache: the state holds fingerprints and ids, no names.
      - name: Restore the state
        uses: actions/cache/restore@55cc8345863c7cc4c66a329aec7e433d2d1c52a9 # v6.1.0
        with:
          path: ${STATE}
          # A cache cannot be overwritten: each run saves one of its own, and the next takes the newest.
          key: ${run}
          restore-keys: ${key}

      # Apart from the audit, so that no credential is in the environment. A folder of its own: nothing that the checkout
      # brings along (node_modules, .npmrc) stands in for the package, which has no dependencies.
      - name: Get c1-audit
        run: |
          mkdir -p "$RUNNER_TEMP/c1-audit"
          npm install --prefix "$RUNNER_TEMP/c1-audit" --ignore-scripts --no-audit --no-fund c1-audit@${version} || {
            echo '::error title=c1-audit::The package could not be fetched. Nothing was audited.'
            exit 3
          }

      # Its exit code is the run's: 1 findings, 2 wrong configuration or login, 3 failed or incomplete.
      - name: Audit
        env:
          CONDUCTORONE_TENANT_DOMAIN: ${tenant}
          CONDUCTORONE_CLIENT_ID: ${expression('vars.CONDUCTORONE_CLIENT_ID')}
${federation ? '' : secret('CONDUCTORONE_CLIENT_SECRET')}${slack ? secret('SLACK_WEBHOOK_URL') : ''}${secret('C1_AUDIT_HEARTBEAT_URL')}        run: |
          mkdir -p ${REPORTS}
          "$RUNNER_TEMP/c1-audit/node_modules/.bin/c1-audit" ${slack ? '--slack' : '--no-slack'} \\
            --state ${STATE} \\
            --format text \\
            --format json:${REPORTS}/report.json \\
            --format html:${REPORTS}/report.html \\
            --format csv:${REPORTS}/findings.csv

      - name: Save the state
        if: always() && hashFiles('${STATE}') != ''
        uses: actions/cache/save@55cc8345863c7cc4c66a329aec7e433d2d1c52a9 # v6.1.0
        with:
          path: ${STATE}
          key: ${run}

      - name: Upload the reports
        if: always()
        uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
        with:
          name: ${REPORTS}
          path: ${REPORTS}
          # A run that audited nothing has none, and has said why.
          if-no-files-found: ignore
          retention-days: 14
`;
}
