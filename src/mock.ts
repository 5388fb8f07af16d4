export { type MockOptions, mock } from './backends/mock.js'
