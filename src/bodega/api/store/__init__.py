"""Routes for shoppers and their programs: public reads, cacheable, nothing that changes the shop."""
