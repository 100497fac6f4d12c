"""What customers say of products: stars and words. The product's average is written by a flow."""
