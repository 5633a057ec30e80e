"""The words of the house: identities, signed manifests, articles, errors. Pure; touches no socket, file or clock."""
