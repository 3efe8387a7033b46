"""Language models through LangChain: which one, where it runs, what it costs."""
