import { defineCheck, ok } from './check.js';

export const configuration = defineCheck({
  id: 'configuration',
  title: 'Configuration',
  needs: [],
  async run({ loadPlan }) {
    const plan = await loadPlan();
    const { scope, profile } = plan.config;
    const file = plan.file ?? 'no file (that is fine)';
    return ok(`${file}; scope ${scope}, profile ${profile}`, { plan });
  },
});
