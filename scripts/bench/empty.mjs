// What Node.js takes to start and end.
