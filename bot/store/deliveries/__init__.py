"""The queue of deliveries: claimed in lane order under a lease, settled by the claim that holds it."""
